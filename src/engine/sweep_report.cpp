#include "engine/sweep_report.hpp"

#include "base/json_value.hpp"

namespace hatchery::engine {

std::string report_text(const SweepReport& report) {
    const auto or_null = [](const std::string& text) {
        return text.empty() ? base::Json() : base::Json(text);
    };
    base::Json findings = base::Json::array();
    for (const auto& one : report.findings) {
        findings.push_back({{"kind", one.kind},
                            {"trouble", one.trouble},
                            {"id", one.id},
                            {"name", one.name},
                            {"region", or_null(one.region)},
                            {"type", or_null(one.type)},
                            {"priceMonthly", or_null(one.price_monthly)},
                            {"currency", or_null(one.price_currency)},
                            {"done", one.done}});
    }
    return base::dump_json({{"listed", report.listed},
                            {"alive", report.alive},
                            {"error", or_null(report.error)},
                            {"findings", std::move(findings)}});
}

}  // namespace hatchery::engine
