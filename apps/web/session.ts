const place = 'fairlead.token';

/** The token of this tab; it ends with the tab, or by signing out. */
export const keptToken = {
  read: (): string | undefined => sessionStorage.getItem(place) ?? undefined,
  write: (token: string): void => sessionStorage.setItem(place, token),
  forget: (): void => sessionStorage.removeItem(place),
};
