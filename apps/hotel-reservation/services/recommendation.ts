/** The best hotels by one measure: `GET /recommendations?require&lat&lon` -> `{hotelIds}`, the best first. */
import { createRecommender, MEASURES } from '../domain/recommend.ts';
import type { CreateService } from './service.ts';

export const create: CreateService = () => {
  const recommend = createRecommender();
  return {
    routes: {
      '/recommendations': ({ query }) => {
        const measure = query.oneOf('require', MEASURES);
        const { lat, lon } = query.place();
        return { hotelIds: recommend(measure, lat, lon).map(String) };
      },
    },
  };
};
