/** What all queries share: data that is shown stays while newer is fetched; a refusal is not asked again. */
import { keepPreviousData, QueryClient } from "@tanstack/react-query";
import { asProblem } from "@/api/problem";

export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      placeholderData: keepPreviousData,
      staleTime: 5_000,
      refetchOnWindowFocus: true,
      retry: (count, error) => asProblem(error).unreachable && count < 5,
      retryDelay: (count) => Math.min(250 * 2 ** count, 5_000),
    },
    mutations: { retry: false },
  },
});
