import { existsSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import fastifyStatic from '@fastify/static';
import { Controller, Get, Module, type DynamicModule } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { FairleadError } from '@fairlead/core/model';
import { Open } from './guard.ts';

/** How a listener gives out the page. */
export interface Page {
  /** What answers in its place where it was not built. */
  readonly modules: readonly DynamicModule[];
  serve(app: NestFastifyApplication): Promise<void>;
}

/** Files with a hash in their names never change. */
const forAYear = 'public, max-age=31536000, immutable';

/**
 * The page of a folder, open to everybody: it holds no data, and asks the API for all of it with a token. Each of its files
 * has a route of its own, so no path leads out of the folder. A folder without a page answers with what to do.
 */
export function pageAt(folder: string): Page {
  if (!existsSync(join(folder, 'index.html'))) {
    return { modules: [{ module: MissingPageModule, controllers: [MissingPage] }], serve: async () => undefined };
  }
  return {
    modules: [],
    async serve(app) {
      await app.register(fastifyStatic, {
        root: folder,
        wildcard: false,
        preCompressed: true,
        cacheControl: false,
        setHeaders: (reply, path) =>
          void reply.header('cache-control', relative(folder, path).startsWith(`assets${sep}`) ? forAYear : 'no-cache'),
      });
    },
  };
}

@Module({})
class MissingPageModule {}

@Controller()
@Open()
class MissingPage {
  @Get('/')
  page(): never {
    throw new FairleadError(
      'Cannot show the page: this hub runs from its source, and the page is not built there. Run `npm run build`, and start the hub from dist.',
      { code: 'NotFound', reason: 'NotFound' },
    );
  }
}
