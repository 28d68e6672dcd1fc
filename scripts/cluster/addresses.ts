/** Where things are in a cluster of one machine that has no network but its own. */

/** The node's, and of everything that Pods have to reach on it. */
export const NODE_ADDRESS = "10.250.0.1";
export const SERVICE_NETWORK = "10.96.0.0/16";
/** The API server's Service: the first address of them. */
export const API_SERVICE_ADDRESS = "10.96.0.1";
export const POD_NETWORK = "10.244.0.0/24";
