# The images are what `npm run build` left in dist/, and nothing else: no base image, nothing fetched, nothing run.
FROM scratch AS piggy-webhooks
ARG TARGETARCH
ARG VERSION
LABEL org.opencontainers.image.title="piggy-webhooks" \
      org.opencontainers.image.description="AWS secrets in the environment of unchanged containers: the webhook" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}"
COPY --chmod=0555 dist/${TARGETARCH}/piggy-webhooks/ /
USER 65532:65532
EXPOSE 8080
ENTRYPOINT ["/piggy-webhooks"]

FROM scratch AS piggy-env
ARG TARGETARCH
ARG VERSION
LABEL org.opencontainers.image.title="piggy-env" \
      org.opencontainers.image.description="AWS secrets in the environment of unchanged containers: the injector" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}"
COPY --chmod=0555 dist/${TARGETARCH}/piggy-env/ /
USER 65532:65532
ENTRYPOINT ["/piggy-env"]
