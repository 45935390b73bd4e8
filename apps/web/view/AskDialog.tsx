import { useEffect, useRef, useState, type FormEvent } from 'react';
import type { Ask } from '../model/asks.ts';

interface Props {
  readonly ask: Ask;
  onClose(): void;
  /** Rejects with the sentence that the hub says no with. */
  onConfirm(reason: string): Promise<void>;
}

/** Asks once more before an action, for its reason too; a refusal stays until it was read. */
export function AskDialog({ ask, onClose, onConfirm }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [problem, setProblem] = useState<string>();
  const [isBusy, setBusy] = useState(false);
  useEffect(() => dialog.current?.showModal(), []);
  // What the hub says to a call that is under way is to be read: the dialog stays until it did, if need be by opening again.
  const close = (): void => (isBusy ? dialog.current?.showModal() : onClose());
  const submit = async (event: FormEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const reason = new FormData(event.currentTarget).get('reason');
    setBusy(true);
    setProblem(undefined);
    try {
      await onConfirm(typeof reason === 'string' ? reason.trim() : '');
    } catch (thrown) {
      setProblem(thrown instanceof Error ? thrown.message : 'Something failed that should not.');
      setBusy(false);
    }
  };
  return (
    <dialog
      ref={dialog}
      onCancel={(event) => isBusy && event.preventDefault()}
      onClose={close}
      aria-labelledby="ask-title"
    >
      <form onSubmit={(event) => void submit(event)}>
        <h2 id="ask-title">{ask.label}</h2>
        <p>{ask.text}</p>
        <label htmlFor="reason">Reason {ask.needsReason ? '' : <span className="faint">(may stay empty)</span>}</label>
        <input
          id="reason"
          name="reason"
          autoComplete="off"
          required={ask.needsReason}
          pattern={ask.needsReason ? '.*\\S.*' : undefined}
        />
        <p role="alert" className="problem-text">
          {problem}
        </p>
        <div className="actions">
          <button type="button" onClick={onClose} disabled={isBusy}>
            Cancel
          </button>
          <button type="submit" className={ask.look === 'danger' ? 'danger' : 'main'} disabled={isBusy}>
            {ask.label}
          </button>
        </div>
      </form>
    </dialog>
  );
}
