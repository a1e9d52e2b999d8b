#include "engine/budgeted_transport.hpp"
#include "scripted_transport.hpp"
#include "support/fake_cloud_budgets.hpp"

using namespace hatchery;

namespace {

void check_budget(std::string_view answers, const std::string& project) {
    fuzz::ScriptedTransport http(answers);
    const fuzz::StillClock clock;
    support::FakeCloudBudgets budgets(clock);
    const auto policy = core::usual_budget(project);
    const auto transport =
        engine::make_budgeted_transport(http, budgets, {.project = project, .policy = policy});
    for (int sent = 0; sent < 20 && !http.is_over(); ++sent) {
        const auto answer = transport->send(
            {.method = sent % 2 == 0 ? "GET" : "POST", .url = "https://api.example"},
            base::Call::within(std::chrono::seconds(90)));
        if (!answer && answer.error().code == core::code_request_budget) {
            const auto wait = answer.error().retry_after;
            fuzz::must(wait && *wait > base::Milliseconds(0) && *wait <= std::chrono::hours(1),
                       "who must wait is told for how long, and not for ever");
            break;
        }
    }
    const auto view = budgets.view(project, policy);
    for (const auto left : view->left) fuzz::must(left >= -1, "nothing is left twice");
}

}  // namespace

/// What the providers' RateLimit headers and Retry-After do to the budget.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = fuzz::text_of(data, size);
    check_budget(text, "hetzner");
    check_budget(text, "digitalocean");
    return 0;
}
