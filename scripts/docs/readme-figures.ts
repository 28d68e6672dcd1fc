/** The figures of README.md: each ours, beside another's. Pure. */
import { OURS as ADMISSION } from "../../bench/admission/names.ts";
import { NAMES } from "../../bench/injector/names.ts";
import { OURS, PEER } from "../../bench/secret/names.ts";
import { type Results, the } from "./results.ts";

type Row = readonly [what: string, ours: string, besides: string];

const BUSY = 16;

export function figures({ admission, injector, secret, sizes }: Results): readonly Row[] {
  const start = (name: string) => `${the(injector.measurements, { name }).median.toFixed(1)} ms`;
  const mutate = (server: string) =>
    load(the(admission.measurements, { scenario: "image known", connections: BUSY, server }));
  const secrets = (server: string) => load(the(secret.measurements, { connections: BUSY, server }));
  const memory = (server: string) =>
    `${(the(secret.measurements, { connections: BUSY, server }).memory / 2 ** 20).toFixed(0)} MiB`;
  const image = the(sizes.images, { image: "piggy-env", architecture: "amd64" });
  const { down } = secret;
  return [
    [
      "the image of `piggy-env`",
      `${megabytes(image.compressed)} compressed, ${megabytes(image.onDisk)} on disk`,
      `${megabytes(injector.fileSizes["Go"])} on disk, a program in Go`,
    ],
    ["memory of `piggy-webhooks` under load", memory(OURS), `${memory(PEER)}, a program in Go`],
    [
      "a container's start, proxy mode, TLS verified",
      start(NAMES.proxy),
      `${start(NAMES.proxyGo)}, a program in Go that does not verify`,
    ],
    [
      "a container's start, standalone, IRSA",
      start(NAMES.role),
      `${start(NAMES.roleGo)}, a program in Go; ${start(NAMES.roleVals)}, vals`,
    ],
    [
      "a container's start, nothing to resolve",
      start(NAMES.nothing),
      `${start(NAMES.target)}, without \`piggy-env\``,
    ],
    ["`POST /mutate` on one processor", mutate(ADMISSION), `${mutate("Go program")}, a webhook in Go`],
    [
      "`POST /secret` on one processor",
      secrets(OURS),
      `${secrets(PEER)}, a program in Go that keeps nothing`,
    ],
    [
      `${count(down.containers)} containers in a minute, ${down.storm}`,
      `${down.failed} without their secrets; one in a hundred waited longer than ${(down.p99Milliseconds / 1000).toFixed(1)} s`,
      "",
    ],
  ];
}

function load({
  requestsPerSecond,
  p99Milliseconds,
}: {
  readonly requestsPerSecond: number;
  readonly p99Milliseconds: number;
}): string {
  return `${count(Math.round(requestsPerSecond))} a second, p99 ${p99Milliseconds.toFixed(0)} ms`;
}

const megabytes = (bytes = Number.NaN) => `${(bytes / 1e6).toFixed(0)} MB`;
const count = (number: number) => number.toLocaleString("en");
