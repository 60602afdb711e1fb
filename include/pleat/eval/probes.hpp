#pragma once
/// \file  All probes of frozen features.

#include <pleat/eval/logistic.hpp>
#include <pleat/eval/mlp_probe.hpp>
#include <pleat/eval/probe_data.hpp>
#include <pleat/eval/ridge.hpp>
