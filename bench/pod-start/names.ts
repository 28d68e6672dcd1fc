/** The cases, as every table, chart and claim calls them. */
export const NAMES = {
  plain: "plain Pod",
  volumes: "image volume: its volumes alone",
  injector: "image volume: piggy-env with nothing to resolve",
  image: "piggy-env by image volume",
  init: "piggy-env by init container",
  limited: "the same, its limit 200m",
  peer: "Go, 9 MB, by init container",
  coldPlain: "nothing present: plain Pod",
  coldImage: "nothing present: piggy-env by image volume",
  coldInit: "nothing present: piggy-env by init container",
  coldPeer: "nothing present: Go, 9 MB, by init container",
} as const;
