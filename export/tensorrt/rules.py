"""TensorRT's requirements for a graph: one table of rules, and the unsupported operators.

Sources: NVIDIA's TensorRT documentation on quantized types and on ONNX; threads onnxruntime #14229 and #17738,
onnx-tensorrt #850 (int32 bias); the parser of tensorrt-rtx 1.7.1, asked for every operator.
"""

from __future__ import annotations

from dataclasses import dataclass

OPSETS = range(13, 21)
"""Opset 13 has per-channel Q/DQ; onnxruntime 1.23 and its static quantization support no opset above 20."""

RULES: dict[str, str] = {
    "self-contained": "all weights lie in the file itself",
    "opset": f"the ONNX operator set is {OPSETS[0]} to {OPSETS[-1]}",
    "domain": "every operator is one of ONNX itself, none a runtime's own",
    "unsupported": "every operator is one that TensorRT's parser knows",
    "data-dependent": "no shape and no path depends on values",
    "dynamic-quantization": "scales are constants: nothing is quantized at run time or by integer operators",
    "type": "tensors are float32, float16, int8, int32, int64 or bool",
    "int64": "int64 holds indices, shapes and lengths only, with values that fit into int32",
    "profile": "every free dimension has a least, a usual and a largest size",
    "precision": "the graph has the precision its variant is named after",
    "bias": "no bias is quantized: DequantizeLinear reads int8 only",
    "zero-point": "every zero-point is a constant int8 zero",
    "channel-axis": "per-channel scales belong to weights and run along their output channels",
    "residual-add": "where a sum follows a quantized layer, both of its inputs are dequantized",
}
"""Every rule of the linter by its name."""

DATA_DEPENDENT = frozenset(
    {"If", "Loop", "Scan", "NonZero", "NonMaxSuppression", "RoiAlign", "Multinomial", "Bernoulli"}
    | {"RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Unique", "Compress"}
)
"""Operators whose output sizes, paths or values only a run shows: refused, or not covered by profile and golden
test."""

INTEGER_ARITHMETIC = frozenset(
    {"DynamicQuantizeLinear", "MatMulInteger", "ConvInteger", "QLinearConv", "QLinearMatMul"}
)
"""The operators of dynamic and of operator-oriented quantization."""

UNSUPPORTED = frozenset(
    {"AffineGrid", "BitShift", "BitwiseAnd", "BitwiseNot", "BitwiseOr", "BitwiseXor", "CenterCropPad", "Col2Im"}
    | {"ConcatFromSequence", "DFT", "DeformConv", "Det", "ImageDecoder", "MaxRoiPool", "MaxUnpool", "MelWeightMatrix"}
    | {"NegativeLogLikelihoodLoss", "Optional", "OptionalGetElement", "OptionalHasElement", "RegexFullMatch"}
    | {"SequenceAt", "SequenceConstruct", "SequenceEmpty", "SequenceErase", "SequenceInsert", "SequenceLength"}
    | {"SequenceMap", "SoftmaxCrossEntropyLoss", "SplitToSequence", "StringConcat", "StringNormalizer", "StringSplit"}
    | {"TfIdfVectorizer"}
)
"""Other operators of opset 20 that the parser of tensorrt-rtx 1.7.1 refuses."""

INDEX_OPERATORS = frozenset(
    {"Shape", "Size", "Constant", "ConstantOfShape", "Range", "Cast", "Identity", "Gather", "GatherElements"}
    | {"GatherND", "ScatterElements", "ScatterND", "Concat", "Slice", "Split", "Squeeze", "Unsqueeze", "Reshape"}
    | {"Flatten", "Transpose", "Expand", "Tile", "Pad", "Where", "Equal", "Greater", "GreaterOrEqual", "Less"}
    | {"LessOrEqual", "Add", "Sub", "Mul", "Div", "Mod", "Neg", "Abs", "Min", "Max", "Sum", "Clip", "CumSum", "Trilu"}
    | {"ReduceMin", "ReduceMax", "ReduceSum", "ReduceMean", "ReduceProd", "ArgMax", "ArgMin", "TopK"}
    | {"OneHot", "Resize", "ReverseSequence", "Sign"}
)
"""Operators that may see int64: they read or compute indices, and indices stay far below 2^31, so a TensorRT that
computes them in int32 gets the same results."""

CLAMPED_INPUTS: dict[str, tuple[int, ...]] = {"Slice": (1, 2)}
"""Inputs of an operator where a value beyond int32 means `to the end` and may be clamped."""


@dataclass(frozen=True, slots=True)
class Objection:
    """One objection."""

    rule: str
    """A key of `RULES`."""
    node: str
    """Name of the node, input or file."""
    advice: str
    """The fault and the remedy."""

    def __str__(self) -> str:
        return f"{self.rule}: {self.node}: {self.advice}"
