/** Where in the declaration something stands: `routes.yaml:12`. */
export type Source = string
