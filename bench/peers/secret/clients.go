package main

import (
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// clients are made when they are first asked for.
type clients struct {
	configuration aws.Config
	byRegion      sync.Map
}

func (c *clients) of(region string) *secretsmanager.Client {
	if known, ok := c.byRegion.Load(region); ok {
		return known.(*secretsmanager.Client)
	}
	made := secretsmanager.NewFromConfig(c.configuration, func(options *secretsmanager.Options) {
		options.Region = region
	})
	known, _ := c.byRegion.LoadOrStore(region, made)
	return known.(*secretsmanager.Client)
}
