ARG DEBIAN
FROM ${DEBIAN}
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends postgresql-client-15 locales \
 && rm -rf /var/lib/apt/lists/* && groupadd -r -g 999 postgres && useradd -r -u 999 -g postgres postgres \
 && install -d -o postgres -g postgres -m 1777 /var/lib/postgresql/data
ENV LANG=C.UTF-8 PGDATA=/var/lib/postgresql/data
COPY postgresql /opt/postgresql
COPY postgres-entrypoint.sh /usr/local/bin/docker-entrypoint.sh
VOLUME /var/lib/postgresql/data
EXPOSE 5432
STOPSIGNAL SIGINT
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["postgres"]
