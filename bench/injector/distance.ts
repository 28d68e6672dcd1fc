/** How far away everything is in the second round: what two nodes of one cluster have between them. */
export const ONE_WAY_MICROSECONDS = 250;

/** The address that Piggy's own documentation gives: four look-ups with a cluster's search list. */
export const SERVICE_NAME = "piggy-webhooks.piggy-webhooks.svc.cluster.local";

/** As the kubelet writes it for a Pod of this namespace. Source: Kubernetes documentation, "DNS for Services and Pods". */
export const RESOLV_CONF = `search bench.svc.cluster.local svc.cluster.local cluster.local
nameserver 127.0.0.1
options ndots:5
`;
