"""A receiver of OTLP over gRPC and HTTP, made of OpenTelemetry's own Python packages.

Writes its two addresses to the file named first, once both answer, and each span, metric and log record that it
receives to the file named second, one JSON object a line. A third argument is the port for gRPC.
"""

import http.server
import json
import os
import sys
import threading
from concurrent import futures

import grpc
from google.protobuf import json_format
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2, logs_service_pb2_grpc
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2, metrics_service_pb2_grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc

ready, received = sys.argv[1:3]
wanted = sys.argv[3] if sys.argv[3:] else "0"
lock = threading.Lock()
out = open(received, "a", encoding="utf-8")


def value(any_value):
    kind = any_value.WhichOneof("value")
    return None if kind is None else getattr(any_value, kind)


def attributes(pairs):
    return {pair.key: value(pair.value) for pair in pairs}


def write(objects):
    with lock:
        for one in objects:
            out.write(json.dumps(one, default=str) + "\n")
        out.flush()


def spans(request):
    for resource in request.resource_spans:
        of = attributes(resource.resource.attributes)
        for scope in resource.scope_spans:
            for span in scope.spans:
                yield {
                    "signal": "span",
                    "resource": of,
                    "trace": span.trace_id.hex(),
                    "id": span.span_id.hex(),
                    "parent": span.parent_span_id.hex(),
                    "name": span.name,
                    "kind": span.kind,
                    "from": span.start_time_unix_nano,
                    "until": span.end_time_unix_nano,
                    "attributes": attributes(span.attributes),
                    "events": [
                        {
                            "at": event.time_unix_nano,
                            "name": event.name,
                            "attributes": attributes(event.attributes),
                        }
                        for event in span.events
                    ],
                    "links": [link.span_id.hex() for link in span.links],
                    "status": span.status.code,
                    "message": span.status.message,
                }


def logs(request):
    for resource in request.resource_logs:
        of = attributes(resource.resource.attributes)
        for scope in resource.scope_logs:
            for record in scope.log_records:
                yield {
                    "signal": "log",
                    "resource": of,
                    "trace": record.trace_id.hex(),
                    "span": record.span_id.hex(),
                    "at": record.observed_time_unix_nano,
                    "body": value(record.body),
                    "severity": record.severity_text,
                    "attributes": attributes(record.attributes),
                }


def metrics(request):
    for resource in request.resource_metrics:
        of = attributes(resource.resource.attributes)
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                yield {
                    "signal": "metric",
                    "resource": of,
                    "metric": json_format.MessageToDict(metric),
                }


class Traces(trace_service_pb2_grpc.TraceServiceServicer):
    def Export(self, request, context):
        write(spans(request))
        return trace_service_pb2.ExportTraceServiceResponse()


class Logs(logs_service_pb2_grpc.LogsServiceServicer):
    def Export(self, request, context):
        write(logs(request))
        return logs_service_pb2.ExportLogsServiceResponse()


class Metrics(metrics_service_pb2_grpc.MetricsServiceServicer):
    def Export(self, request, context):
        write(metrics(request))
        return metrics_service_pb2.ExportMetricsServiceResponse()


PATHS = {
    "/v1/traces": (trace_service_pb2.ExportTraceServiceRequest, spans),
    "/v1/logs": (logs_service_pb2.ExportLogsServiceRequest, logs),
    "/v1/metrics": (metrics_service_pb2.ExportMetricsServiceRequest, metrics),
}


class Http(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        message, read = PATHS[self.path]
        assert self.headers["Content-Type"] == "application/x-protobuf"
        write(read(message.FromString(body)))
        self.send_response(200)
        self.send_header("Content-Type", "application/x-protobuf")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *words):
        pass


server = grpc.server(futures.ThreadPoolExecutor(max_workers=16))
trace_service_pb2_grpc.add_TraceServiceServicer_to_server(Traces(), server)
logs_service_pb2_grpc.add_LogsServiceServicer_to_server(Logs(), server)
metrics_service_pb2_grpc.add_MetricsServiceServicer_to_server(Metrics(), server)
port = server.add_insecure_port(f"127.0.0.1:{wanted}")
server.start()
web = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Http)
threading.Thread(target=web.serve_forever, daemon=True).start()
with open(ready + ".new", "w", encoding="utf-8") as file:
    json.dump({"grpc": f"http://127.0.0.1:{port}", "http": f"http://127.0.0.1:{web.server_port}"}, file)

os.rename(ready + ".new", ready)
server.wait_for_termination()
