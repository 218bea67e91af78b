/** What an execution's id looks like. */
export const EXECUTION_ID = /^[0-9A-Za-z]{22}$/;
