"""Counting what a program consists of, on texts short enough to count by hand."""

import pytest

from benchmarks.gpu import hlo
from benchmarks.gpu.manifest import Spec

STABLEHLO = """\
module @a_step attributes {mhlo.input_output_alias = [{alias = {kind = "may_alias", \
parameter_index = array<i64>, parameter_number = 2 : i64}, output_index = array<i64: 1>}, \
{alias = {kind = "may_alias", parameter_index = array<i64>, parameter_number = 3 : i64}, \
output_index = array<i64: 3>}], mhlo.is_dynamic = false} {
  func.func private @Sum_reduction.1(%arg0: tensor<f32> loc("x"), %arg1: tensor<f32>) \
-> tensor<f32> {
    %0 = stablehlo.add %arg0, %arg1 : tensor<f32> loc(#loc)
    return %0 : tensor<f32> loc(#loc)
  } loc(#loc)
  func.func @main(%arg0: tensor<4x8xf32> loc("XLA_Args"), %arg1: tensor<i1> loc("XLA_Args"), \
%arg2: tensor<8x2xbf16> loc("XLA_Args"), %arg3: tensor<i64> loc("XLA_Args")) -> (tensor<f32>, \
tensor<8x2xbf16>, tensor<ui32>, tensor<i64>) {
    %cst = stablehlo.constant dense<0.0> : tensor<f32> loc(#loc)
    %0 = stablehlo.reduce(%arg0 init: %cst) applies stablehlo.add across dimensions = [0, 1] : \
(tensor<4x8xf32>, tensor<f32>) -> tensor<f32> loc(#loc)
    %1 = stablehlo.reduce(%arg0 init: %cst) applies stablehlo.maximum across dimensions = [0, 1] : \
(tensor<4x8xf32>, tensor<f32>) -> tensor<f32> loc(#loc)
    %2:2 = stablehlo.reduce(%arg0 init: %cst), (%arg0 init: %cst) across dimensions = [0, 1] : \
(tensor<4x8xf32>, tensor<4x8xf32>) -> (tensor<f32>, tensor<f32>)
     reducer(%arg4: tensor<f32>) {
      %9 = stablehlo.minimum %arg4, %arg4 : tensor<f32> loc(#loc)
      stablehlo.return %9, %9 : tensor<f32>, tensor<f32> loc(#loc)
    } loc(#loc)
    %3 = stablehlo.sqrt %0 : tensor<f32> loc(#loc)
    %4 = "stablehlo.scatter"(%3, %2#1) ({
    ^bb0(%arg4: tensor<f32>, %arg5: tensor<f32>):
      stablehlo.return %arg5 : tensor<f32> loc(#loc)
    }) : (tensor<f32>, tensor<f32>) -> tensor<f32> loc(#loc)
    return %4, %arg2, %c, %arg3 : tensor<f32>, tensor<8x2xbf16>, tensor<ui32>, tensor<i64> loc(#loc)
  } loc(#loc)
} loc(#loc)
"""

OPTIMIZED = """\
HloModule jit_call, is_scheduled=true, input_output_alias={ {0}: (0, {}, may-alias) }

%add (a: f32[], b: f32[]) -> f32[] {
  %a = f32[] parameter(0)
  ROOT %sum = f32[] add(%a, %b)
}

%inner (p: f32[8]) -> f32[] {
  ROOT %r = f32[] reduce(%p, %zero), dimensions={0}, to_apply=%add
}

%fused (p: f32[8,8]) -> (f32[8], f32[]) {
  %p = f32[8,8]{1,0} parameter(0)
  %one = f32[8]{0} reduce(%p, %zero), dimensions={0}, to_apply=%add
  %nested = f32[] fusion(%one), kind=kLoop, calls=%inner
  ROOT %t = (f32[8]{0}, f32[]) tuple(%one, %nested)
}

%body (s: (s32[], f32[8])) -> (s32[], f32[8]) {
  %dot.1 = f32[8]{0} dot(%x, %w), lhs_contracting_dims={0}
  ROOT %copy.2 = (s32[], f32[8]{0}) copy(%s)
}

%condition (s: (s32[], f32[8])) -> pred[] {
  ROOT %less = pred[] compare(%i, %n), direction=LT
}

%command_buffer (p: f32[8,8]) -> f32[8] {
  %gemm = (f32[8,8]{1,0}, s8[1024]{0}) custom-call(%p, %p), custom_call_target="__cublas$gemm"
  ROOT %f = f32[8]{0} fusion(%p), kind=kInput, calls=%inner
}

%unused (p: f32[8]) -> f32[8] {
  ROOT %c = f32[8]{0} copy(%p)
}

ENTRY %main.9 (Arg_0: f32[8,8]) -> (f32[8], f32[]) {
  %Arg_0 = f32[8,8]{1,0:T(8,128)} parameter(0)
  %constant.1 = f32[] constant(0)
  %both = (f32[8]{0}, (f32[], /*index=1*/f32[2])) fusion(%Arg_0), kind=kInput, calls=%fused
  %get = f32[8]{0} get-tuple-element(%both), index=0
  %copy.1 = f32[8]{0} copy(%get)
  %reduce.3 = f32[] reduce(%copy.1, %constant.1), dimensions={0}, to_apply=%add
  %loop = (s32[], f32[8]) while(%init), condition=%condition, body=%body
  %called = f32[8]{0} call(%Arg_0), to_apply=%command_buffer
  ROOT %tuple.1 = (f32[8]{0}, f32[]) tuple(%called, %reduce.3)
}
"""


def test_a_signature_has_shapes_types_and_what_is_carried():
    found = hlo.signature(STABLEHLO)
    assert found.inputs == (
        Spec((4, 8), "float32"),
        Spec((), "bool"),
        Spec((8, 2), "bfloat16"),
        Spec((), "int64"),
    )
    assert [spec.dtype for spec in found.outputs] == ["float32", "bfloat16", "uint32", "int64"]
    assert found.carried == {2: 1, 3: 3}


def test_a_module_without_main_is_refused():
    with pytest.raises(ValueError, match="@main"):
        hlo.signature("module {}")


def test_operations_that_nobody_reads_are_not_counted():
    # The maximum is unused; the reducers' own operations are none of the step's.
    assert hlo.operations(STABLEHLO) == {"constant": 1, "reduce": 2, "scatter": 1, "sqrt": 1}


def test_kernels_are_those_of_the_entry_and_of_what_it_calls():
    found = hlo.kernels(OPTIMIZED)
    # entry: fusion, copy, reduce; loop: dot, copy, compare; called: custom-call, fusion
    assert found.launches == 8
    assert found.fusions == 2
    assert found.copies == 2
    assert found.products == 1
    assert found.libraries == {"__cublas$gemm": 1}
    # two in the first fusion, one of them nested, one in the second, one alone
    assert found.reductions == 4


def test_a_text_that_is_no_module_is_refused():
    with pytest.raises(ValueError, match="ENTRY"):
        hlo.kernels("nothing")
