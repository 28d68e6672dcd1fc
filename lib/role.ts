/** A role that a store is read as, in place of one's own identity. All of it decides what AWS gives. */
export interface Role {
  readonly arn: string;
  /** What the role's trust policy wants to hear. */
  readonly externalId?: string;
  /** For whom it is read: the session has its name and tags of them. */
  readonly namespace: string;
  readonly serviceAccount: string;
}
