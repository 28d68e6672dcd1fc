export type ContainerErrorReason = "CreateContainerConfigError" | "ErrImagePull" | "StartError";

/** A container that could not be started, with the reason that its status would show. */
export class ContainerError extends Error {
  readonly reason: ContainerErrorReason;

  constructor(reason: ContainerErrorReason, message: string) {
    super(`${reason}: ${message}`);
    this.reason = reason;
  }
}
