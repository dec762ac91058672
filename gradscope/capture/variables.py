"""A model's trainable variables, whatever their class."""

from typing import Any

import tensorflow as tf

from gradscope.errors import UsageError


def trainable(model: Any) -> list[Any]:
    """The model's trainable variables, in the order of `model.trainable_variables`.

    Raises UsageError for an object that has none of the kind.
    """
    try:
        return list(model.trainable_variables)
    except AttributeError:
        raise UsageError(
            f"Scope: expected a Keras model or an object with `trainable_variables`, got "
            f"{type(model).__name__}. Pass the model whose variables the step trains."
        ) from None


def resource(variable: Any) -> Any:
    """The tf.Variable behind a Keras variable; anything else is returned as it is."""
    # Not `.value`: inside a mixed-precision layer that is a tensor cast to the compute dtype.
    inner = getattr(variable, "_value", None)
    return inner if isinstance(inner, tf.Variable) else variable


def read(variable: Any) -> tf.Tensor:
    """The variable's present value, in its own dtype."""
    return tf.convert_to_tensor(resource(variable))


def paths(variables: list[Any]) -> tuple[str, ...]:
    """A unique name for each variable: its `path`, or its `name` where it has none."""
    return unique([getattr(v, "path", None) or v.name.split(":")[0] for v in variables])


def unique(names: list[str]) -> tuple[str, ...]:
    """The names, the second of two equal ones with "#2" behind it, and so on."""
    seen: dict[str, int] = {}
    result: list[str] = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        result.append(name if seen[name] == 1 else f"{name}#{seen[name]}")
    return tuple(result)
