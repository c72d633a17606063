// Go's httputil.ReverseProxy: checks the key, removes it, sets Authorization. Standard library only.
//
//	goproxy LISTEN UPSTREAM AUTHORIZATION KEY...
package main

import (
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"time"
)

func main() {
	listen, authorization := os.Args[1], os.Args[3]
	upstream, err := url.Parse(os.Args[2])
	if err != nil {
		log.Fatal(err)
	}

	keys := make(map[string]bool)
	for _, key := range os.Args[4:] {
		keys[key] = true
	}

	proxy := httputil.NewSingleHostReverseProxy(upstream)
	director := proxy.Director
	proxy.Director = func(request *http.Request) {
		director(request)
		request.Header.Del("X-Vault-Key")
		request.Header["X-Forwarded-For"] = nil
		request.Header.Set("Authorization", authorization)
	}
	// The default keeps two idle connections a host, which would open a new one for nearly every request.
	proxy.Transport = &http.Transport{
		MaxIdleConns:        1024,
		MaxIdleConnsPerHost: 1024,
		IdleConnTimeout:     5 * time.Minute,
		DisableCompression:  true,
	}
	proxy.ErrorLog = log.New(io.Discard, "", 0)

	handler := http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		if !keys[request.Header.Get("X-Vault-Key")] {
			http.Error(writer, "unauthorized", http.StatusUnauthorized)
			return
		}
		proxy.ServeHTTP(writer, request)
	})
	log.Fatal((&http.Server{Addr: listen, Handler: handler}).ListenAndServe())
}
