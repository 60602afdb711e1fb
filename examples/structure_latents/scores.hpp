#pragma once
// Probes on frozen rows, as text: "AUROC (low to high)" over components.

#include <string>
#include <vector>

#include <pleat/backend/cpu/device.hpp>
#include <pleat/eval/structure_baselines.hpp>

// Rows (examples, width).
std::string site_score(const pleat::Cpu& cpu, const pleat::StructureExamples& sites, const std::vector<float>& rows);
// Rows (2 * examples, width); `first` and `second` are those of each pair.
std::string pair_score(const pleat::Cpu& cpu, const pleat::StructureExamples& pairs, const std::vector<pleat::Index>& first,
                       const std::vector<pleat::Index>& second, const std::vector<float>& rows);
