# The image of UPE: the program and what it needs at run time, on the slim image of Node.js.
#
#     docker build -t upe .
#     docker run --rm -p 127.0.0.1:9912:9912 -e UPE_SOURCE=demo upe
#
# Nothing here depends on the processor: the lockfile names koffi's and TypeScript's binaries for each, and npm
# takes the fitting one. raw-socket is left out, because it needs a compiler; use the afpacket source.

ARG NODE_IMAGE=node:20.20.2-bookworm-slim

# What runs: as long as the lockfile is the same, a change of the program leaves it as it is.
FROM ${NODE_IMAGE} AS packages
WORKDIR /build
COPY package.json package-lock.json ./
# No package's install script runs: koffi brings its binary along.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund \
 # Without their scripts these two are sources that nobody can compile here.
 && rm -rf node_modules/raw-socket node_modules/nan node_modules/.package-lock.json

FROM ${NODE_IMAGE} AS build
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json ./
COPY src src
RUN node_modules/.bin/tsc --build --sourceMap false \
 && node_modules/.bin/asc --config src/rules/wasm/asconfig.json \
 && chmod 755 dist/src/main.js

FROM ${NODE_IMAGE}
ARG UPE_VERSION=0.1.0
LABEL org.opencontainers.image.title="UPE, the userspace packet engine" \
      org.opencontainers.image.description="Matches packets against rules and publishes what every rule saw as Prometheus metrics" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${UPE_VERSION}"
# Package managers are of no use to a running program, and of much use to an intruder.
RUN rm -rf /usr/local/lib/node_modules /opt/yarn-* \
      /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack /usr/local/bin/yarn /usr/local/bin/yarnpkg \
 && ln -s /opt/upe/dist/src/main.js /usr/local/bin/upe
COPY --from=packages /build/node_modules /opt/upe/node_modules
# README.md is what /docs serves.
COPY package.json README.md LICENSE /opt/upe/
COPY deploy/rules /opt/upe/deploy/rules
COPY --from=build /build/dist/src /opt/upe/dist/src

# A published port leads to the container's own address. On the host's network set 127.0.0.1 instead.
ENV NODE_ENV=production UPE_HTTP_HOST=0.0.0.0
EXPOSE 9912
# nobody, as a number, so that Kubernetes can see that it is not root. A live source needs `--user 0:0`: Docker
# gives capabilities to root only. UPE changes to nobody when everything is open.
USER 65534:65534
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 CMD ["upe", "healthcheck"]
ENTRYPOINT ["upe"]
CMD ["run"]
