package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// askAWS reads the secret with whatever identity the SDK finds: keys, or a role by web identity.
func askAWS(ctx context.Context) (map[string]string, error) {
	configuration, err := config.LoadDefaultConfig(ctx, config.WithRegion(os.Getenv("PIGGY_AWS_REGION")))
	if err != nil {
		return nil, err
	}
	name := os.Getenv("PIGGY_AWS_SECRET_NAME")
	answer, err := secretsmanager.NewFromConfig(configuration).
		GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &name})
	if err != nil {
		return nil, err
	}
	if answer.SecretString == nil {
		return nil, errors.New("the secret is no text")
	}
	var values map[string]string
	return values, json.Unmarshal([]byte(*answer.SecretString), &values)
}
