// Shows the service's record, with nothing of the vault in it.
//
//	SERVICE_URL    where the service is
//	SERVICE_TOKEN  the app's token, if it needs one
//
// Through the forward proxy: HTTPS_PROXY (HTTP_PROXY for http) and SSL_CERT_FILE. By name: SERVICE_URL=…/callout/Service and
// SERVICE_TOKEN=<the vault key>.
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"time"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	request, err := http.NewRequest(http.MethodGet, os.Getenv("SERVICE_URL")+"/record", nil)
	if err != nil {
		return err
	}
	if token := os.Getenv("SERVICE_TOKEN"); token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	client := &http.Client{Timeout: 30 * time.Second}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s", response.Status, body)
	}
	fmt.Println(string(body))
	return nil
}
