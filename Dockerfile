# Two stages: wheels are built in the first, the second has no compiler.
FROM python:3.13-slim AS build
WORKDIR /src
COPY requirements/run.txt requirements/run.txt
RUN pip wheel --no-cache-dir --require-hashes --wheel-dir /wheels --requirement requirements/run.txt \
 && pip install --no-cache-dir --require-hashes --requirement requirements/run.txt
COPY pyproject.toml README.md LICENSE ./
COPY src src
COPY templates templates
COPY plugins plugins
RUN pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir /wheels . ./plugins/*

FROM python:3.13-slim
RUN useradd --create-home --uid 10001 passback
COPY --from=build /wheels /wheels
RUN pip install --no-cache-dir --no-index --find-links /wheels /wheels/*.whl && rm -r /wheels
USER passback
WORKDIR /home/passback
ENV PASSBACK_INSTANCE=/home/passback/instance PASSBACK_ENVIRONMENT=production PASSBACK_LOG_FORMAT=json
VOLUME ["/home/passback/instance"]
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s CMD \
  ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
CMD ["passback", "run", "--host", "0.0.0.0"]
