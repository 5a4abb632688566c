# The command kmq, with compiled kernels and without Numba: docker build --tag kmq .
FROM python:3.13 AS build
WORKDIR /source
COPY LICENSE README.md hatch_build.py pyproject.toml ./
COPY docs/kmq.1 docs/
COPY tools/compile_kernels.py tools/
COPY src src
RUN KMQ_BUILD_KERNELS=1 pip wheel --no-cache-dir --no-deps --wheel-dir /wheels .

FROM python:3.13-slim
RUN --mount=type=bind,from=build,source=/wheels,target=/wheels pip install --no-cache-dir /wheels/*.whl
WORKDIR /work
ENTRYPOINT ["kmq"]
CMD ["--help"]
