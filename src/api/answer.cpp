#include "api/answer.hpp"

namespace hatchery::api {

Answer json_answer(int status, const base::Json& body) {
    return {
        .status = status, .body = base::dump_json(body), .headers = {}, .stream = {}, .park = {}};
}

tl::unexpected<Problem> refuse_fields(std::vector<FieldProblem> errors) {
    Problem problem = problem_of_status(422, "");
    for (const auto& error : errors) {
        problem.detail +=
            (problem.detail.empty() ? "`" : "; `") + error.field + "` " + error.message;
    }
    problem.detail += '.';
    problem.errors = std::move(errors);
    return refuse(std::move(problem));
}

}  // namespace hatchery::api
