const LONGEST = 253;

/**
 * Whether the kubelet may set a variable for a Service: those of the `kubernetes` Service always, of the Services
 * of the Pod's namespace unless `enableServiceLinks` is false. Which Services there are is known only at start.
 * Source: Kubernetes documentation, Service, "Environment variables".
 */
export function isServiceVariable(name: string, serviceLinks: boolean): boolean {
  const isForm =
    /^[A-Z_][A-Z0-9_]*_(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)$/;
  return name.length <= LONGEST && isForm.test(name) && (serviceLinks || name.startsWith("KUBERNETES_"));
}
