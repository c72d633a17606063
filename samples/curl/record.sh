#!/usr/bin/env bash
# Shows the service's record, with nothing of the vault in it.
#
#   SERVICE_URL    where the service is
#   SERVICE_TOKEN  the app's token, if it needs one
#
# Through the forward proxy: HTTPS_PROXY (http_proxy for http) and CURL_CA_BUNDLE. By name: SERVICE_URL=…/callout/Service and
# SERVICE_TOKEN=<the vault key>.
set -euo pipefail
headers=()
[[ -z ${SERVICE_TOKEN:-} ]] || headers=(-H "Authorization: Bearer $SERVICE_TOKEN")
curl --silent --show-error --fail-with-body --max-time 30 "${headers[@]}" "$SERVICE_URL/record"
