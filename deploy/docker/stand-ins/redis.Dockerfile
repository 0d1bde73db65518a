ARG DEBIAN
FROM ${DEBIAN}
RUN groupadd -r -g 999 redis && useradd -r -g redis -u 999 redis \
 && apt-get update -qq && apt-get install -y -qq --no-install-recommends redis-server \
 && rm -rf /var/lib/apt/lists/* && install -d -o redis -g redis /data
VOLUME /data
WORKDIR /data
USER redis
EXPOSE 6379
CMD ["redis-server"]
