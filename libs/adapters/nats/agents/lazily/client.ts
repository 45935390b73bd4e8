// Loaded when it is needed, and by way of a module of ours: of a CommonJS package that is imported late a bundle knows no
// names.
export { connect } from '@nats-io/transport-node';
