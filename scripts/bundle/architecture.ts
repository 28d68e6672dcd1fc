/** GOARCH, as images and Kubernetes name it. */
export type Architecture = "amd64" | "arm64";

export const ownArchitecture: Architecture = process.arch === "arm64" ? "arm64" : "amd64";
