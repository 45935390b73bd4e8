import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';

/** What was asked of the hub, as soon as it is there; an error stands above what was known before. */
export function Asked<Data>({
  answer,
  children,
}: {
  answer: UseQueryResult<Data>;
  children: (data: Data) => ReactNode;
}) {
  const { data, error } = answer;
  return (
    <>
      {error && (
        <p role="alert" className="problem-text">
          {error.message}
        </p>
      )}
      {data === undefined ? !error && <p className="faint">Asking the hub …</p> : children(data)}
    </>
  );
}
