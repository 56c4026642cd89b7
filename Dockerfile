# Three steps: the pages, the program that holds them, and an image with little else.
FROM node:22.22.0-alpine AS pages
WORKDIR /src/web
COPY web/package.json web/package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY web/ ./
RUN npm run build

FROM golang:1.26.8-alpine AS program
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
COPY --from=pages /src/web/dist/app web/dist/app
RUN CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o /mstm . \
 && mkdir -m 0700 /data

# Alpine for its certificates, for wget, which the health check needs, and for ffmpeg, which makes the videos.
FROM alpine:3.22
RUN apk add --no-cache ffmpeg
COPY --from=program /mstm /usr/local/bin/mstm
# A named volume takes owner and mode from here; nothing else is ever written.
COPY --from=program --chown=10001:10001 /data /data
USER 10001:10001
WORKDIR /data
ENV ADDR=0.0.0.0:8080 DATA_DIR=/data
EXPOSE 8080
STOPSIGNAL SIGTERM
# Liveness, not readiness: a database that is away is no reason to restart the container.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
  CMD ["wget", "-q", "-O", "/dev/null", "http://127.0.0.1:8080/livez"]
ENTRYPOINT ["/usr/local/bin/mstm"]
