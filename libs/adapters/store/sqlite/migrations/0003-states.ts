/** Rows in a state that few are in are found without looking at the others. */
export const states = `
CREATE INDEX status_not_in_sync ON status (sync, cluster, application) WHERE sync <> 'InSync';
CREATE INDEX status_not_healthy ON status (health, cluster, application) WHERE health <> 'Healthy';
CREATE INDEX status_drifted ON status (drift, cluster, application) WHERE drift <> 'None';
`;
