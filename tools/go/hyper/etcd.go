package main

import (
	"fmt"
	"net/url"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/embed"
)

const startLimit = 60 * time.Second

// newEtcdCommand is a single-member etcd without authentication: for loopback addresses of a test only.
func newEtcdCommand() *cobra.Command {
	var dataDir, client, peer string
	var noFsync bool
	command := &cobra.Command{
		Use:           "etcd",
		Short:         "A single etcd member for tests",
		SilenceUsage:  true,
		SilenceErrors: false,
		RunE: func(*cobra.Command, []string) error {
			return serveEtcd(dataDir, client, peer, noFsync)
		},
	}
	flags := command.Flags()
	flags.StringVar(&dataDir, "data-dir", "", "folder for the data")
	flags.StringVar(&client, "client", "http://127.0.0.1:2379", "URL to listen on for clients")
	flags.StringVar(&peer, "peer", "http://127.0.0.1:2380", "URL to listen on for peers")
	flags.BoolVar(&noFsync, "unsafe-no-fsync", false, "do not wait for the disk: faster, and data may be lost with the machine")
	_ = command.MarkFlagRequired("data-dir")
	return command
}

func serveEtcd(dataDir, client, peer string, noFsync bool) error {
	clientURL, err := url.Parse(client)
	if err != nil {
		return err
	}
	peerURL, err := url.Parse(peer)
	if err != nil {
		return err
	}
	config := embed.NewConfig()
	config.Dir = dataDir
	config.UnsafeNoFsync = noFsync
	config.LogLevel = "warn"
	config.ListenClientUrls, config.AdvertiseClientUrls = []url.URL{*clientURL}, []url.URL{*clientURL}
	config.ListenPeerUrls, config.AdvertisePeerUrls = []url.URL{*peerURL}, []url.URL{*peerURL}
	config.InitialCluster = config.InitialClusterFromName(config.Name)
	server, err := embed.StartEtcd(config)
	if err != nil {
		return err
	}
	defer server.Close()
	select {
	case <-server.Server.ReadyNotify():
		fmt.Fprintln(os.Stderr, "etcd ready")
	case <-time.After(startLimit):
		return fmt.Errorf("etcd is not ready after %s", startLimit)
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	select {
	case <-stop:
		return nil
	case err := <-server.Err():
		return err
	}
}
