package main

import (
	"encoding/json"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// conduct is how AWS behaves from now on.
type conduct struct {
	// Milliseconds until it answers.
	Delay int `json:"delay"`
	// One call in so many is throttled; 0 for none.
	ThrottleOneIn int64 `json:"throttleOneIn"`
	// Every connection is cut without an answer.
	IsDown bool `json:"isDown"`
}

// store is Secrets Manager: every name is a secret.
type store struct {
	conduct   atomic.Pointer[conduct]
	secrets   sync.Map
	calls     atomic.Int64
	throttled atomic.Int64
	cut       atomic.Int64
}

var awsHeaders = []byte("x-amzn-RequestId: 7f2b3a0c-2f0b-4d51-9a64-0b1c2d3e4f50\r\n" +
	"Content-Type: application/x-amz-json-1.1\r\nDate: Fri, 20 Nov 2026 09:30:12 GMT\r\n")

var throttling = response("400 Bad Request", awsHeaders,
	[]byte(`{"__type":"ThrottlingException","message":"Rate exceeded"}`))

func (s *store) answer(asked request) []byte {
	now := s.conduct.Load()
	if now != nil && now.IsDown {
		s.cut.Add(1)
		return nil
	}
	call := s.calls.Add(1)
	if now != nil && now.Delay > 0 {
		time.Sleep(time.Duration(now.Delay) * time.Millisecond)
	}
	if now != nil && now.ThrottleOneIn > 0 && call%now.ThrottleOneIn == 0 {
		s.throttled.Add(1)
		return throttling
	}
	if known, ok := s.secrets.Load(string(asked.body)); ok {
		return known.([]byte)
	}
	made := secretValue(asked.body)
	s.secrets.Store(string(asked.body), made)
	return made
}

// secretValue is GetSecretValue's answer. Its values hold the secret's name, so that a mistaken one would be seen.
func secretValue(body []byte) []byte {
	var asked struct{ SecretId string }
	if err := json.Unmarshal(body, &asked); err != nil || asked.SecretId == "" {
		return response("400 Bad Request", awsHeaders, []byte(`{"__type":"InvalidRequestException"}`))
	}
	name := asked.SecretId
	values, _ := json.Marshal(map[string]string{
		"DB_PASSWORD":    "database-" + name,
		"STRIPE_API_KEY": "payment-" + name + strings.Repeat("x", 80),
		"SESSION_SECRET": "session-" + name + strings.Repeat("y", 44),
		"UNUSED":         "unused-" + strings.Repeat("z", 200),
	})
	answered, _ := json.Marshal(map[string]any{
		"ARN":           "arn:aws:secretsmanager:eu-west-1:123456789012:secret:" + name + "-AbCdEf",
		"CreatedDate":   1763630000.123,
		"Name":          name,
		"SecretString":  string(values),
		"VersionId":     "7b6ad4e4-0f3c-4c02-9d94-0d7f2e2f3a55",
		"VersionStages": []string{"AWSCURRENT"},
	})
	return response("200 OK", awsHeaders, answered)
}

// counts is what was asked since the start.
type counts struct {
	TokenReviews int64 `json:"tokenReviews"`
	PodReads     int64 `json:"podReads"`
	// Calls that were answered, throttled ones among them.
	Calls     int64 `json:"calls"`
	Throttled int64 `json:"throttled"`
	// Calls while it was down.
	Cut int64 `json:"cut"`
}

// controlled lets the bench say how the store behaves, and ask what was asked, beside its clients.
func controlled(s *store, c *cluster) handler {
	return func(asked request) []byte {
		if asked.path != "/bench" {
			return s.answer(asked)
		}
		if asked.method == "PUT" {
			var next conduct
			if err := json.Unmarshal(asked.body, &next); err != nil {
				return response("400 Bad Request", nil, nil)
			}
			s.conduct.Store(&next)
		}
		body, _ := json.Marshal(counts{
			TokenReviews: c.tokenReviews.Load(),
			PodReads:     c.podReads.Load(),
			Calls:        s.calls.Load(),
			Throttled:    s.throttled.Load(),
			Cut:          s.cut.Load(),
		})
		return response("200 OK", nil, body)
	}
}
