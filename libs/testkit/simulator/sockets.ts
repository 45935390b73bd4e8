import { subscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';

/**
 * Counts the bytes of every TCP connection that this process dials from now on: what TLS makes of the messages, without
 * the headers of TCP and IP.
 */
export function countSockets(): () => { readonly in: number; readonly out: number } {
  const open = new Set<Socket>();
  const closed = { in: 0, out: 0 };
  subscribe('net.client.socket', (message) => {
    const { socket } = message as { socket: Socket };
    open.add(socket);
    socket.once('close', () => {
      open.delete(socket);
      closed.in += socket.bytesRead;
      closed.out += socket.bytesWritten;
    });
  });
  return () => {
    const sum = { ...closed };
    for (const socket of open) {
      sum.in += socket.bytesRead;
      sum.out += socket.bytesWritten;
    }
    return sum;
  };
}
