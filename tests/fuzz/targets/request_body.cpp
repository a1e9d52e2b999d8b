#include "api/routes/job_body.hpp"
#include "api/routes/subscription_body.hpp"
#include "base/json_value.hpp"
#include "fuzz.hpp"

using namespace hatchery;

namespace {

/// Every way to read a member, over members that may be anything.
void read_everything(api::BodyReader& body) {
    (void)body.text("a", core::check_bot_name);
    (void)body.optional_text("b", core::check_uuid);
    bool is_null = false;
    (void)body.nullable_text("c", core::check_model_api_key, is_null);
    const auto ids = body.optional_user_ids("d");
    if (ids) {
        for (const auto id : *ids) fuzz::must(id > 0, "a Telegram user has a positive id");
    }
    const auto number = body.optional_number("e", -5, 5);
    fuzz::must(!number || (*number >= -5 && *number <= 5), "a number is in its range");
    (void)body.optional_bool("f");
    const auto texts = body.texts("g", 3, core::check_bot_name);
    fuzz::must(texts.size() <= 3, "a list has its length");
    if (auto inner = body.object("h")) {
        (void)inner->text("a", core::check_uuid);
        body.take_over(std::move(*inner));
    }
}

}  // namespace

/// The content type on the first line, the body behind it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view text = fuzz::text_of(data, size);
    api::front::Request request;
    request.fields.emplace_back("Content-Type", std::string(fuzz::take_line(text)));
    request.body = text;
    const api::Exchange exchange{.request = request};
    if (auto body = api::BodyReader::open(exchange)) {
        read_everything(*body);
        if (const auto problem = body->finish()) {
            fuzz::must(!problem->errors.empty(), "what is wrong has a name");
            fuzz::must(base::dump_json(problem->detail).size() < 100'000, "a refusal is short");
        }
    }
    if (auto body = api::BodyReader::open(exchange)) {
        constexpr api::routes::PriorityRange priorities{.least = -10, .most = 10};
        const auto job = api::routes::read_new_job(*body, priorities);
        if (!body->finish()) {
            fuzz::must(job.kind.has_value() && !job.bot_id.empty(), "a job has a kind and a bot");
            fuzz::must(job.priority >= priorities.least && job.priority <= priorities.most,
                       "a priority is allowed");
        }
    }
    if (auto body = api::BodyReader::open(exchange)) {
        (void)api::routes::read_subscription_change(*body);
    }
    return 0;
}
