"""What is written byte by byte is what google.protobuf reads."""

from kouyu.model_files.onnx_messages import ModelProto, NodeProto
from kouyu.model_files.protobuf import field_bytes, number_bytes, text_bytes


def test_numbers_texts_and_messages_are_read_back() -> None:
    node = NodeProto.FromString(text_bytes(1, "a") + text_bytes(1, "é" * 100) + text_bytes(4, "Add"))
    assert (list(node.input), node.op_type) == (["a", "é" * 100], "Add")
    for number in (0, 1, 127, 128, 300, 2**40):
        assert ModelProto.FromString(number_bytes(1, number)).ir_version == number
    model = ModelProto.FromString(field_bytes(7, field_bytes(1, text_bytes(4, "Mul"))))
    assert [each.op_type for each in model.graph.node] == ["Mul"]
