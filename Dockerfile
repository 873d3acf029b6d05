# The images of Heddle: plane, agent and cli. Nothing is fetched and nothing runs while they are built: `npm run image -- roots` makes the
# folders that are copied here, out of Debian packages and npm packages by their hashes, and the same tree makes the same folders to the
# byte. So whatever builds this file, from whatever machine, makes the same contents. docs/container.md
#
#   npm run image -- roots
#   docker build --target plane --tag heddle-plane .
#
# There is no shell in them, no package manager, and nothing that is setuid.
ARG VERSION=0.1.0
ARG REVISION=unknown

FROM scratch AS base
COPY dist/image/base/ /
ENV PATH=/usr/bin
USER 65532:65532
WORKDIR /
STOPSIGNAL SIGTERM
ARG VERSION
ARG REVISION
LABEL org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"

FROM base AS plane
LABEL org.opencontainers.image.title="heddle-plane" \
      org.opencontainers.image.description="Heddle's control plane"
COPY dist/image/plane/ /
COPY --chown=65532:65532 dist/image/state/ /var/lib/heddle-plane/
ENV MALLOC_ARENA_MAX=1
VOLUME ["/var/lib/heddle-plane"]
EXPOSE 8888 18000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 CMD ["/usr/bin/node", "/usr/lib/heddle/ask-health.mjs"]
ENTRYPOINT ["/usr/bin/node", "--min-semi-space-size=4", "--max-semi-space-size=4", "--external-memory-accounted-in-global-limit", "--external-memory-max-growing-factor=2", "--disable-warning=ExperimentalWarning", "/usr/lib/heddle-plane/plane/heddle-plane.mjs"]
CMD ["/etc/heddle/control-plane.yaml"]

FROM base AS agent
LABEL org.opencontainers.image.title="heddle-agent" \
      org.opencontainers.image.description="Heddle's agent, beside a server"
COPY dist/image/agent/ /
COPY --chown=65532:65532 dist/image/state/ /var/lib/heddle-agent/
ENV MALLOC_ARENA_MAX=1 UV_THREADPOOL_SIZE=2
VOLUME ["/var/lib/heddle-agent"]
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["/usr/bin/node", "/usr/lib/heddle/ask-health.mjs", "http://127.0.0.1:9180/health"]
ENTRYPOINT ["/usr/bin/node", "--max-semi-space-size=1", "--v8-pool-size=1", "--no-concurrent-recompilation", "--disable-warning=ExperimentalWarning", "/usr/lib/heddle-agent/agent/heddle-agent.mjs"]
CMD ["/etc/heddle/agent.yaml"]

FROM base AS cli
LABEL org.opencontainers.image.title="heddle" \
      org.opencontainers.image.description="Heddle's command line"
COPY dist/image/cli/ /
# For what a command writes: a volume, where there is one.
COPY --chown=65532:65532 dist/image/state/ /var/lib/heddle-cli/
ENTRYPOINT ["/usr/bin/node", "/usr/lib/heddle-cli/cli/heddle.mjs"]
CMD ["--help"]
