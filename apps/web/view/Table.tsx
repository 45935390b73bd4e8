import type { ReactNode } from 'react';

/** A table with a head for each column; the children are its rows. */
export function Table({
  heads,
  className,
  children,
}: {
  heads: readonly string[];
  className?: string;
  children: ReactNode;
}) {
  return (
    <table className={className}>
      <thead>
        <tr>
          {heads.map((head) => (
            <th scope="col" key={head}>
              {head}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>{children}</tbody>
    </table>
  );
}
