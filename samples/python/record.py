"""Shows the service's record, with nothing of the vault in it.

SERVICE_URL    where the service is
SERVICE_TOKEN  the app's token, if it needs one

Through the forward proxy: HTTPS_PROXY (HTTP_PROXY for http) and SSL_CERT_FILE. By name: SERVICE_URL=.../callout/Service and
SERVICE_TOKEN=<the vault key>.
"""
import os
import sys
import urllib.error
import urllib.request

request = urllib.request.Request(os.environ["SERVICE_URL"] + "/record")
if token := os.environ.get("SERVICE_TOKEN"):
    request.add_header("Authorization", "Bearer " + token)

try:
    with urllib.request.urlopen(request, timeout=30) as response:
        print(response.read().decode())
except urllib.error.HTTPError as error:
    sys.exit(f"{error.code} {error.read().decode()}")
