#pragma once
/// \file  A conformer policy that is chosen at run time, for programs whose models are compiled once.

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>

#include <pleat/data/conformers.hpp>

namespace pleat::inline v0_1 {

/// The other form of each record that was seen in two: record -> (atoms of the record, 3) Angstrom, from `match_conformers`.
using OtherForms = std::map<std::uint32_t, std::vector<float>>;

/// One of the shipped policies, by the name of a command line: "gaussian", "torsional", "rotamers" or "observed". A record
/// without another form has a Gaussian one in place of the observed; its draw says so, and `observes` tells it beforehand.
class ChosenConformer {
public:
  static constexpr std::string_view names[] = {"gaussian", "torsional", "rotamers", "observed"};
  enum class Kind : std::uint8_t { Gaussian, Torsional, Rotamers, Observed }; ///< in the order of `names`

  Gaussian gaussian;
  Torsional torsional;
  RotamerLibrary rotamers;

  ChosenConformer() = default; // gaussian
  /// Forms are for "observed" only. \throws Error that lists the names; forms for a policy that reads none.
  explicit ChosenConformer(std::string_view which, OtherForms forms = {}) {
    const auto* const found = std::find(std::begin(names), std::end(names), which);
    if (found == std::end(names)) {
      std::string known;
      for (const std::string_view name : names) (known += known.empty() ? "" : ", ") += name;
      fail("there is no conformer \"", which, "\"; there are ", known, ".");
    }
    kind_ = static_cast<Kind>(found - std::begin(names));
    require(forms.empty() || kind_ == Kind::Observed, "other forms of ", forms.size(), " records were given to the conformer \"",
            which, "\", which does not look at them; choose \"observed\".");
    forms_ = std::make_shared<const OtherForms>(std::move(forms));
  }
  std::string_view chosen() const { return names[static_cast<std::size_t>(kind_)]; }
  /// Whether the second conformer of a record was observed.
  bool observes(std::uint32_t record) const { return kind_ == Kind::Observed && forms_->contains(record); }

  /// That of the policy it was made by; the members of the others are empty.
  struct Draw : Gaussian::Draw, Torsional::Draw, RotamerLibrary::Draw, Observed::Draw {
    Kind made_by = Kind::Gaussian;
    std::uint32_t record = 0; ///< whose other form
  };
  Draw draw(const GraphSource& s, NoiseKey key, RecordPlace place = {}) const {
    Draw drawn;
    drawn.made_by = kind_ == Kind::Observed && !observes(place.record) ? Kind::Gaussian : kind_;
    drawn.record = place.record;
    switch (drawn.made_by) {
    case Kind::Gaussian:
      static_cast<Gaussian::Draw&>(drawn) = gaussian.draw(s, key, place);
      break;
    case Kind::Torsional:
      static_cast<Torsional::Draw&>(drawn) = torsional.draw(s, key, place);
      break;
    case Kind::Rotamers:
      static_cast<RotamerLibrary::Draw&>(drawn) = rotamers.draw(s, key, place);
      break;
    case Kind::Observed:
      static_cast<Observed::Draw&>(drawn) = Observed{}.draw(s, key, place);
      break;
    }
    return drawn;
  }
  std::vector<float> apply(const GraphSource& s, const Draw& drawn) const {
    switch (drawn.made_by) {
    case Kind::Torsional:
      return torsional.apply(s, drawn);
    case Kind::Rotamers:
      return rotamers.apply(s, drawn);
    case Kind::Observed: {
      require(observes(drawn.record), s.name, ": the draw is of another form of record ", drawn.record,
              ", and there is none; apply it with the conformer that drew it");
      return Observed{forms_->at(drawn.record)}.apply(s, drawn);
    }
    default:
      return gaussian.apply(s, drawn);
    }
  }

private:
  Kind kind_ = Kind::Gaussian;
  std::shared_ptr<const OtherForms> forms_ = std::make_shared<const OtherForms>(); // shared: policies are copied
};

static_assert(ConformerPolicy<ChosenConformer>);

} // namespace pleat::inline v0_1
