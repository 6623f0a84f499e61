"""What a user would write: an aiohttp application whose handler builds an event and calls aiobotocore's `invoke`.

usage: python -m benchmarks.baseline PORT ENDPOINT [POOL [CERTIFICATE KEY]]
"""

import argparse
import json
import ssl
from collections.abc import AsyncIterator

import aiobotocore.config
import aiobotocore.session
import uvloop
from aiohttp import web

ARN = "arn:aws:lambda:eu-west-1:111122223333:function:bench"


def application(endpoint: str, pool: int) -> web.Application:
    async def client(app: web.Application) -> AsyncIterator[None]:
        session = aiobotocore.session.get_session()
        config = aiobotocore.config.AioConfig(max_pool_connections=pool)
        async with session.create_client(
            "lambda",
            region_name="eu-west-1",
            endpoint_url=endpoint,
            aws_access_key_id="AKIDEXAMPLE",
            aws_secret_access_key="secret",
            config=config,
        ) as app["lambda"]:
            yield

    async def handle(request: web.Request) -> web.Response:
        event = {
            "version": "2.0",
            "routeKey": "$default",
            "rawPath": request.path,
            "rawQueryString": request.query_string,
            "headers": dict(request.headers),
            "requestContext": {"http": {"method": request.method, "path": request.path}},
            "isBase64Encoded": False,
        }
        answer = await request.app["lambda"].invoke(FunctionName=ARN, Payload=json.dumps(event))
        result = json.loads(await answer["Payload"].read())
        return web.Response(status=result["statusCode"], headers=result.get("headers"), text=result["body"])

    app = web.Application()
    app.cleanup_ctx.append(client)
    app.router.add_route("*", "/{path:.*}", handle)
    return app


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("port", type=int)
    parser.add_argument("endpoint")
    parser.add_argument("pool", type=int, nargs="?", default=10)
    parser.add_argument("pem", nargs="*", help="certificate and key, for HTTPS")
    arguments = parser.parse_args()
    tls = None
    if arguments.pem:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(*arguments.pem)
    options = {"host": "127.0.0.1", "port": arguments.port, "ssl_context": tls, "access_log": None, "print": None}
    web.run_app(application(arguments.endpoint, arguments.pool), loop=uvloop.new_event_loop(), **options)


if __name__ == "__main__":
    main()
