/**
 * What Envoy holds of a connection's bytes while the other side is slower. Thousands of clients that read nothing must not cost its memory.
 */
export const bufferBytes = 32_768

/** Bodies up to this length can be sent again to another instance, or copied. They are held only where a route asks for that. */
export const repeatableBytes = 1_048_576
