/** Leaves out what is null or undefined, so that rows come back as they were put. */
export function dense<T>(row: { readonly [Key in keyof T]: T[Key] | null | undefined }): T {
  const kept: Partial<T> = {};
  for (const key in row) {
    const value = row[key];
    if (value !== null && value !== undefined) kept[key] = value;
  }
  return kept as T;
}
