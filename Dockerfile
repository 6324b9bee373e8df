# docker build -t stripe-nodes . && docker run --rm -e STRIPE_API_KEY -v stripe-nodes:/state stripe-nodes doctor
FROM python:3.13-slim
WORKDIR /src
COPY . .
RUN pip install --no-cache-dir '.[cli]'
RUN useradd --no-create-home stripe && mkdir /state && chown stripe /state
WORKDIR /state
USER stripe
ENV STRIPE_NODES_HOME=/state
VOLUME /state
ENTRYPOINT ["stripe-nodes"]
