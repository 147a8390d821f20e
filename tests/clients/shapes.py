"""Holds raw answers against botocore's output shapes.

botocore's own parsers forgive a lot: members that they do not know are dropped, missing ones and unknown
words of enums are let through. So the bytes are looked at before they are parsed.
"""

import base64
import binascii
import datetime
import json
import re
import xml.etree.ElementTree as xml

import cbor

CONTENT_TYPES = {
    "json 1.0": "application/x-amz-json-1.0",
    "json 1.1": "application/x-amz-json-1.1",
    "query": "text/xml",
    "ec2": "text/xml",
    "smithy-rpc-v2-cbor": "application/cbor",
}

# Codes that every operation may answer with, whatever its model says.
COMMON_ERRORS = {
    "AccessDenied",
    "AccessDeniedException",
    "InvalidAction",
    "InvalidParameterException",
    "SerializationException",
    "ThrottlingException",
    "UnknownOperationException",
    "ValidationError",
    "ValidationException",
}

ISO8601 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


class Checker:
    """Sees every answer of the sessions that it is given to."""

    def __init__(self):
        self.problems = []
        # (service, operation) of the answers that were successes and well formed.
        self.well = set()
        self.answers = 0
        # Output members that were seen, by the name of their structure.
        self.members = set()

    def see(self, operation_model, response_dict, **_):
        """The event `before-parse` of botocore."""
        self.answers += 1
        found = len(self.problems)
        name = f"{operation_model.service_model.service_name}.{operation_model.name}"
        answer = Answer(name, operation_model, response_dict, self)
        try:
            answer.check()
        except Exception as error:  # Whatever is so wrong that it cannot be read.
            answer.wrong("", f"cannot be read: {error!r}: {response_dict['body'][:300]!r}")
        if found == len(self.problems) and response_dict["status_code"] == 200:
            self.well.add((operation_model.service_model.service_name, operation_model.name))


class Answer:
    """One answer and what it should look like."""

    def __init__(self, name, operation, response, checker):
        self.name = name
        self.operation = operation
        self.response = response
        self.checker = checker
        metadata = operation.service_model.metadata
        protocol = operation.service_model.resolved_protocol
        if protocol == "json":
            protocol = f"json {metadata['jsonVersion']}"
        self.protocol = protocol

    def wrong(self, path, problem):
        """Notes a problem, once however often it is found."""
        line = f"{self.name} ({self.protocol}) {path or '/'}: {problem}"
        if line not in self.checker.problems:
            self.checker.problems.append(line)

    def check(self):
        headers = {name.lower(): value for name, value in self.response["headers"].items()}
        kind = headers.get("content-type")
        if kind != CONTENT_TYPES[self.protocol]:
            self.wrong("", f"content type {kind}")
        if "x-amzn-requestid" not in headers:
            self.wrong("", "no x-amzn-requestid")
        if self.response["status_code"] != 200:
            self.check_error()
            return
        shape = self.operation.output_shape
        if self.protocol in ("query", "ec2"):
            self.check_document(shape)
        elif shape is not None:
            self.value("", shape, self.read())
        elif self.read() not in (None, {}):
            self.wrong("", "something where the model has nothing")

    def read(self):
        body = self.response["body"]
        return cbor.read(body) if self.protocol == "smithy-rpc-v2-cbor" else json.loads(body)

    # Errors.

    def check_error(self):
        if self.protocol == "ec2":
            root = xml.fromstring(self.response["body"])
            if root.tag != "Response" or not root.findtext("RequestID"):
                self.wrong("", "no Response with a RequestID")
            for name in ("Code", "Message"):
                if not root.findtext(f"Errors/Error/{name}"):
                    self.wrong("/Errors/Error", f"no {name}")
            # Models of EC2 have no errors.
            return
        if self.protocol == "query":
            root = xml.fromstring(self.response["body"])
            space = root.tag.partition("}")[0] + "}"
            code = root.findtext(f"{space}Error/{space}Code")
            if root.tag != f"{space}ErrorResponse" or root.find(f"{space}RequestId") is None:
                self.wrong("", "no ErrorResponse with a RequestId")
            if root.find(f"{space}Error/{space}Message") is None:
                self.wrong("/Error", "no Message")
        else:
            error = self.read()
            code = error.pop("__type", None)
            shapes = {shape.error_code: shape for shape in self.operation.error_shapes}
            shapes.update({shape.name: shape for shape in self.operation.error_shapes})
            if code in shapes:
                if not shapes[code].members.keys() & {"message", "Message"}:
                    # Models leave the text out of some errors that have one.
                    error.pop("message", None)
                self.value(f"/{code}", shapes[code], error)
            elif not isinstance(error.get("message", error.get("Message")), str):
                self.wrong("", f"{code} has no message")
        known = {shape.error_code for shape in self.operation.error_shapes}
        known |= {shape.name for shape in self.operation.error_shapes}
        if code not in known | COMMON_ERRORS:
            self.wrong("", f"the error {code} is in no model")

    # JSON and CBOR.

    def value(self, path, shape, value):
        """A value in JSON or CBOR."""
        kind = shape.type_name
        if value is None:
            self.wrong(path, "null instead of nothing")
        elif kind == "structure":
            if isinstance(value, dict):
                self.structure(path, shape, value, self.value)
            else:
                self.wrong(path, f"{value!r} is no structure")
        elif kind == "list":
            if isinstance(value, list):
                for item in value:
                    self.value(f"{path}[]", shape.member, item)
            else:
                self.wrong(path, f"{value!r} is no list")
        elif kind == "map":
            if isinstance(value, dict):
                for key, item in value.items():
                    self.value(f"{path}{{key}}", shape.key, key)
                    self.value(f"{path}{{}}", shape.value, item)
            else:
                self.wrong(path, f"{value!r} is no map")
        elif not self.is_scalar(kind, value):
            self.wrong(path, f"{value!r} is no {kind}")
        else:
            self.word(path, shape, value)

    def structure(self, path, shape, members, check):
        """Members by their names: known, and all there that must be."""
        by_name = {member.serialization.get("name", name): (name, member) for name, member in shape.members.items()}
        for name, value in members.items():
            if name in by_name:
                self.checker.members.add((shape.name, by_name[name][0]))
                check(f"{path}/{name}", by_name[name][1], value)
            else:
                self.wrong(path, f"unknown member {name} of {shape.name}")
        for name in shape.required_members:
            if shape.members[name].serialization.get("name", name) not in members:
                self.wrong(path, f"required member {name} of {shape.name} is missing")
        if shape.is_tagged_union and len(members) != 1:
            self.wrong(path, f"{len(members)} members of the union {shape.name}")

    def is_scalar(self, kind, value):
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        whole = isinstance(value, int) and not isinstance(value, bool)
        if kind == "timestamp" and self.protocol == "smithy-rpc-v2-cbor":
            return isinstance(value, datetime.datetime)
        if kind == "blob":
            return isinstance(value, bytes) or (isinstance(value, str) and is_base64(value))
        return {
            "string": isinstance(value, str),
            "character": isinstance(value, str),
            "boolean": isinstance(value, bool),
            "integer": whole and -(2**31) <= value < 2**31 if whole else False,
            "long": whole and -(2**63) <= value < 2**63 if whole else False,
            "float": number,
            "double": number,
            "timestamp": number,
        }[kind]

    def word(self, path, shape, value):
        """A string that must be one of a few."""
        if shape.type_name == "string" and shape.enum and value not in shape.enum:
            self.wrong(path, f"{value!r} is not in the enum {shape.name}")

    # XML.

    def check_document(self, shape):
        """The document around the result of a query."""
        root = xml.fromstring(self.response["body"])
        namespace = self.operation.service_model.metadata["xmlNamespace"]
        # What EC2 sends ends with a slash that its model leaves out.
        slash = "/" if self.protocol == "ec2" else ""
        space = f"{{{namespace}{slash}}}"
        if root.tag != f"{space}{self.operation.name}Response":
            self.wrong("", f"the root is {root.tag}")
        for element in root.iter():
            if not element.tag.startswith(space):
                self.wrong("", f"{element.tag} is in another namespace")
            element.tag = element.tag.partition("}")[2]
        if self.protocol == "ec2":
            name = root.find("requestId")
            if name is None or not name.text:
                self.wrong("", "no requestId")
            else:
                root.remove(name)
            self.element("", shape, root)
            return
        if not root.findtext("ResponseMetadata/RequestId"):
            self.wrong("", "no ResponseMetadata with a RequestId")
        wrapper = shape.serialization.get("resultWrapper") if shape else None
        extra = {element.tag for element in root} - {wrapper, "ResponseMetadata"}
        if extra:
            self.wrong("", f"unknown elements {sorted(extra)}")
        if wrapper:
            result = root.find(wrapper)
            if result is None:
                self.wrong("", f"no {wrapper}")
            else:
                self.element("", shape, result)

    def element(self, path, shape, element):
        """A value in XML."""
        kind = shape.type_name
        if kind == "structure":
            members = {child.tag: child for child in element}
            if len(members) != len(element):
                self.wrong(path, "a member comes twice")
            if (element.text or "").strip():
                self.wrong(path, f"text {element.text!r} in a structure")
            self.structure(path, shape, members, self.element)
        elif kind == "list":
            item_name = shape.member.serialization.get("name", "member")
            for item in element:
                if item.tag == item_name:
                    self.element(f"{path}[]", shape.member, item)
                else:
                    self.wrong(path, f"{item.tag} in a list of {item_name}")
        elif kind == "map":
            for entry in element:
                key, value = entry.find("key"), entry.find("value")
                if entry.tag != "entry" or key is None or value is None:
                    self.wrong(path, "no entry with key and value")
                    continue
                self.element(f"{path}{{key}}", shape.key, key)
                self.element(f"{path}{{}}", shape.value, value)
        elif len(element):
            self.wrong(path, f"elements in a {kind}")
        elif not is_scalar_text(kind, element.text or ""):
            self.wrong(path, f"{element.text!r} is no {kind}")
        else:
            self.word(path, shape, element.text or "")


def is_scalar_text(kind, text):
    """Whether a text in XML is a scalar of a kind."""
    if kind == "boolean":
        return text in ("true", "false")
    if kind in ("integer", "long"):
        return re.fullmatch(r"-?\d+", text) is not None
    if kind in ("float", "double"):
        return re.fullmatch(r"-?\d+(\.\d+)?(E-?\d+)?", text) is not None
    if kind == "timestamp":
        return ISO8601.fullmatch(text) is not None
    return kind != "blob" or is_base64(text)


def is_base64(text):
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


def speak(session, protocol):
    """Makes the clients of a botocore session speak a protocol, not the first that botocore likes."""
    loader = session.get_component("data_loader")
    load = loader.load_service_model

    def load_with_protocol(*names, **more):
        model = load(*names, **more)
        if "metadata" in model:
            metadata = {**model["metadata"], "protocol": protocol, "protocols": [protocol]}
            model = {**model, "metadata": metadata}
        return model

    loader.load_service_model = load_with_protocol
