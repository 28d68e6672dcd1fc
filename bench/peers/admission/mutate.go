package main

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"gomodules.xyz/jsonpatch/v2"
	admissionv1 "k8s.io/api/admission/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const (
	longestReview  = 8 << 20
	defaultTimeout = 10 * time.Second
	timeToAnswer   = 500 * time.Millisecond
)

type webhook struct {
	images        *images
	log           *slog.Logger
	injectorImage string
	region        string
	ca            string
	address       string
	service       string
}

func (w *webhook) mutate(out http.ResponseWriter, in *http.Request) {
	timeout := defaultTimeout
	if given, err := time.ParseDuration(in.URL.Query().Get("timeout")); err == nil {
		timeout = given
	}
	ctx, cancel := context.WithTimeout(in.Context(), max(timeout-timeToAnswer, timeout/2))
	defer cancel()
	body, err := io.ReadAll(http.MaxBytesReader(out, in.Body, longestReview))
	if err != nil {
		http.Error(out, err.Error(), http.StatusBadRequest)
		return
	}
	var review admissionv1.AdmissionReview
	if err := json.Unmarshal(body, &review); err != nil || review.Request == nil {
		http.Error(out, "not an AdmissionReview", http.StatusBadRequest)
		return
	}
	response, err := w.admit(ctx, review.Request)
	if err != nil {
		response = &admissionv1.AdmissionResponse{
			Result: &metav1.Status{Code: http.StatusForbidden, Reason: metav1.StatusReasonForbidden, Message: err.Error()},
		}
	}
	response.UID = review.Request.UID
	answer, err := json.Marshal(admissionv1.AdmissionReview{TypeMeta: review.TypeMeta, Response: response})
	if err != nil {
		http.Error(out, err.Error(), http.StatusInternalServerError)
		return
	}
	out.Header().Set("Content-Type", "application/json")
	out.Header().Set("Content-Length", strconv.Itoa(len(answer)))
	_, _ = out.Write(answer)
}

func (w *webhook) admit(ctx context.Context, request *admissionv1.AdmissionRequest) (*admissionv1.AdmissionResponse, error) {
	response := &admissionv1.AdmissionResponse{Allowed: true}
	if request.Kind.Kind != "Pod" || request.Operation != admissionv1.Create || request.SubResource != "" {
		return response, nil
	}
	var pod corev1.Pod
	if err := json.Unmarshal(request.Object.Raw, &pod); err != nil {
		return nil, err
	}
	changed, err := w.inject(ctx, &pod)
	if err != nil || len(changed) == 0 {
		return response, err
	}
	mutated, err := json.Marshal(&pod)
	if err != nil {
		return nil, err
	}
	operations, err := jsonpatch.CreatePatch(request.Object.Raw, mutated)
	if err != nil {
		return nil, err
	}
	if response.Patch, err = json.Marshal(operations); err != nil {
		return nil, err
	}
	kind := admissionv1.PatchTypeJSONPatch
	response.PatchType = &kind
	response.AuditAnnotations = map[string]string{"injected": joined(changed)}
	w.log.LogAttrs(ctx, slog.LevelInfo, "admitted",
		slog.String("request", string(request.UID)),
		slog.String("namespace", request.Namespace),
		slog.String("pod", pod.Name),
		slog.String("mode", "proxy"),
		slog.Any("containers", changed),
		slog.Int("operations", len(operations)),
	)
	return response, nil
}
