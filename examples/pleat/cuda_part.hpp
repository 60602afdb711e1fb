#pragma once
/// \file  What of the tool is compiled for NVIDIA GPUs.

#include <memory>
#include <string>
#include <vector>

#include <pleat/backend/cuda/device.hpp>

#include "registry.hpp"
#include "structure_registry.hpp"
#include "structure_tasks.hpp"
#include "structure_training.hpp"

namespace tool {

/// The entries of the registries on CUDA: those that PLEAT_TOOL_CUDA_MODELS names. Nothing where PLEAT_TOOL_CUDA is off.
struct CudaPart {
  std::string architectures; ///< "80-real,90"; empty: built without CUDA
  pleat::cuda::GpuFacts (*gpu_facts)(int gpu) = nullptr;
  Index (*free_memory)(int gpu) = nullptr;
  std::vector<std::unique_ptr<ModelEntry>> models;
  std::vector<std::unique_ptr<StructureModel>> structure_models;
  std::vector<std::unique_ptr<StructureTraining>> trainings;
  /// Heads of tasks.
  struct Tasks {
    std::string level, precision; ///< "residue", "atom"; "float32"
    std::unique_ptr<StructureTaskModel> (*model)(const StructureTaskFacts& task);
  };
  std::vector<Tasks> tasks;
};
const CudaPart& cuda_part();

/// The entry of a list for which same(entry) holds, or null.
template <class Entry, class Same> const Entry* find_entry(const std::vector<std::unique_ptr<Entry>>& in, const Same& same) {
  for (const auto& entry : in)
    if (same(*entry)) return entry.get();
  return nullptr;
}

} // namespace tool
