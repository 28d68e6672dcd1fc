# The images are what `npm run build` left in dist/, and nothing else: no base image, nothing fetched.
FROM scratch AS piggy-env
COPY --chmod=0555 dist/piggy-env/ /
USER 65532:65532
ENTRYPOINT ["/piggy-env"]
